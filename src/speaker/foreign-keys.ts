/** Knows which Nodes send beats that cannot be believed, and tells when these change. */
export class ForeignKeys {
  readonly #nodes: Set<string> = new Set()
  readonly #tell: (reason: string | undefined) => void

  /** `tell` gets why beats are not believed, and undefined when all are again. */
  constructor(tell: (reason: string | undefined) => void) {
    this.#tell = tell
  }

  /** Notes whether the last beat of a Node was signed with another key. */
  note(node: string, isForeign: boolean): void {
    if (this.#nodes.has(node) === isForeign) return
    if (isForeign) this.#nodes.add(node)
    else this.#nodes.delete(node)
    const nodes = [...this.#nodes].sort().join(', ')
    const reason = `beats of ${nodes} are signed with another key; the file of announce.layer2.members.keyFile has to be the same on all Nodes`
    this.#tell(nodes === '' ? undefined : reason)
  }

  /** Forgets the Nodes that are not among these. */
  keep(nodes: ReadonlyMap<string, unknown>): void {
    for (const node of this.#nodes) if (!nodes.has(node)) this.note(node, false)
  }
}
