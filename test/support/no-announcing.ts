/** What stands in for announcing where nothing is announced. */
export const noAnnouncing = {
  programmed: (): void => undefined,
  view: () => undefined,
  bgp: () => undefined,
  answers: async (): Promise<ReadonlyMap<string, number>> => new Map<string, number>(),
  gratuitous: (): ReadonlyMap<string, number> => new Map<string, number>(),
}
