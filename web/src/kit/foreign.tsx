/** Text of somebody else, as characters and never as markup: what cannot be seen in it is shown by name. */

import { memo } from 'react'
import { partsOf } from '../words/odd.ts'

export const Foreign = memo(function Foreign({ text }: { text: string }) {
  return (
    <bdi className="whitespace-pre-wrap wrap-anywhere">
      {partsOf(text).map((part, index) =>
        part.odd ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts have no other identity, and none moves
          <span key={index} className="mx-px rounded bg-well px-1 text-2xs text-soft">
            {part.text}
          </span>
        ) : (
          part.text
        ),
      )}
    </bdi>
  )
})
