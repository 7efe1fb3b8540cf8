/** How much something asks for a person: not at all, when there is time, or now. */
export type Tone = 'fine' | 'warn' | 'bad'
