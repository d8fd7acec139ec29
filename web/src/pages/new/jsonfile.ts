/** A file as the value of an argument: read, checked to be what the argument takes, and written as one would type it.
 *
 * What can not be taken is said in one sentence that names the file and the way out. Knows no DOM but `File`.
 */

import { parseJson } from '@headway/client'
import { pretty } from '../../words/code.ts'
import { size } from '../../words/numbers.ts'
import { wayOut, wrongFormat } from './formats.ts'

const MOST = 16 * 1024 * 1024

/** The value in a file as text for its field. Throws what is wrong with it. */
export async function readJsonFile(file: File, format: string): Promise<string> {
  if (file.size > MOST)
    throw new Error(
      `${file.name} has ${size(file.size)}: keep what is large elsewhere, and give its address.`,
    )
  const value = parsed(await file.text(), file.name, format)
  const problem = wrongFormat(format, value)
  if (problem) throw new Error(`${file.name} ${problem}`)
  return pretty(value)
}

function parsed(text: string, name: string, format: string): unknown {
  try {
    return parseJson(text.replace(/^\uFEFF/, ''))
  } catch {
    throw new Error(`${name} is no JSON file.${wayOut(format, name)}`)
  }
}
