// Owns: the packed siblings of what the build writes (NAME.br, NAME.gz), made once here so that the server packs nothing
// while it serves. Must never know what is in the files. The server chooses among them by Accept-Encoding (built.py).

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Plugin } from 'vite'

const TEXT = /\.(?:css|js|json|svg|webmanifest)$/
const SMALLEST = 1024 // below it a packet is a packet

const FORMS: Record<string, (body: Buffer) => Promise<Buffer>> = {
  br: body =>
    promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: body.length } }),
  gz: body => promisify(gzip)(body, { level: 9 }),
}

/** A plugin that packs each text file of the bundle, once all are written. */
export function packed(): Plugin {
  return {
    name: 'headway-packed',
    apply: 'build',
    async writeBundle({ dir }, bundle) {
      const names = Object.keys(bundle).filter(name => TEXT.test(name))
      await Promise.all(names.map(name => pack(join(dir ?? '.', name))))
    },
  }
}

async function pack(path: string): Promise<void> {
  const body = await readFile(path)
  if (body.length < SMALLEST) return
  for (const [ending, form] of Object.entries(FORMS)) await writeFile(`${path}.${ending}`, await form(body))
}
