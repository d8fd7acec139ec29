/** Says that jobs wait and nobody is there to run them, and what to do about it. */

import { lazy, Suspense, useState } from 'react'
import { whenThere } from '../../app/loading.ts'
import { Dialog } from '../../kit/dialog.tsx'

const StartWorker = lazy(
  whenThere(() => import('./firstrun.tsx').then(module => ({ default: module.StartWorker }))),
)

export function NoWorker() {
  const [open, setOpen] = useState(false)
  return (
    <>
      <button type="button" className="min-h-6 text-warn hover:underline" onClick={() => setOpen(true)}>
        No worker is connected
      </button>
      <Dialog open={open} onClose={() => setOpen(false)} title="No worker is connected" wide>
        <Suspense>
          <StartWorker />
        </Suspense>
      </Dialog>
    </>
  )
}
