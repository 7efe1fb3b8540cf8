import { present } from '../../model/present.ts'

/** Returns the first place in a sorted list whose text is not smaller, in `from` to `to`. */
export function lowerBound(
  texts: readonly string[],
  text: string,
  from = 0,
  to: number = texts.length,
): number {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >> 1
    if (present(texts[middle]) < text) low = middle + 1
    else high = middle
  }
  return low
}

/** Inserts a text into a sorted list, before any equal one. */
export function insertSorted<Text extends string>(texts: Text[], text: Text): void {
  const at = lowerBound(texts, text)
  if (at === texts.length) texts.push(text)
  else texts.splice(at, 0, text)
}
