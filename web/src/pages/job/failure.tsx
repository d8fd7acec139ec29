/** What went wrong: type, message, and the traceback to unfold and copy. */

import type { ErrorDoc } from '@headway/client'
import { CopyButton } from '../../kit/copy.tsx'
import { plural } from '../../words/numbers.ts'

/** Characters of a message that may be higher than its place. */
const MUCH = 300

export function Failure({ error, open }: { error: ErrorDoc; open?: boolean }) {
  const { traceback } = error
  return (
    <div className="tone tone-tint rounded-md p-3" data-tone="failed">
      <div className="flex items-start gap-2">
        <p
          tabIndex={(error.message?.length ?? 0) > MUCH ? 0 : undefined}
          className="max-h-60 min-w-0 flex-1 overflow-y-auto text-sm break-words whitespace-pre-wrap"
        >
          <span className="tone-text font-semibold">{error.type}</span>
          {error.message && `: ${error.message}`}
        </p>
        <CopyButton
          text={traceback ?? [error.type, error.message].filter(Boolean).join(': ')}
          label="Copy the error"
        />
      </div>
      {traceback && (
        <details open={open} className="mt-1">
          <summary className="inline-flex min-h-6 items-center text-sm text-soft hover:text-ink">
            Traceback, {plural(traceback.trimEnd().split('\n').length, 'line')}
          </summary>
          <pre
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
            tabIndex={0}
            className="mt-1 max-h-[60dvh] overflow-auto rounded bg-card p-2 font-mono text-xs leading-5"
          >
            {traceback}
          </pre>
        </details>
      )}
    </div>
  )
}
