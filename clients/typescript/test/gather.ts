/** All that an async iterable gives (`Array.fromAsync` is not in Node 20). */
export async function gather<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const each of from) all.push(each)
  return all
}
