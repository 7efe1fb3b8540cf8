declare const brand: unique symbol

/** A nominal type: only the parser that checks a value may make one. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name }
