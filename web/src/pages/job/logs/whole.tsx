/** One line, all of it: for lines too long for a row. */
import type { Line } from '@headway/client'
import { CopyButton } from '../../../kit/copy.tsx'
import { Dialog } from '../../../kit/dialog.tsx'
import { amount } from '../../../words/numbers.ts'
import { plainOf, wholeOf } from './parsed.ts'
import { piecesOf } from './pieces.ts'
import { Pieces } from './row.tsx'

export function WholeLine({ line, onClose }: { line: Line | undefined; onClose: () => void }) {
  return (
    <Dialog
      open={line !== undefined}
      onClose={onClose}
      title={line ? `Line ${amount(line[0])}` : 'Line'}
      wide
      actions={line && <CopyButton text={() => plainOf(line)} label="Copy the line" small={false} />}
    >
      {line && (
        <pre className="log-text m-0 font-mono text-xs leading-5 whitespace-pre-wrap [overflow-wrap:anywhere]">
          <Pieces pieces={piecesOf(wholeOf(line))} />
        </pre>
      )}
    </Dialog>
  )
}
