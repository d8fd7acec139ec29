/** What one may prefer: look, times, keys, notices. All of it stays in this browser. */

import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { Choice, Switch } from '../kit/field.tsx'
import { place } from './address.ts'
import { change, useSettings } from './settings.ts'
import { chime } from './watching.ts'

export function Preferences({ open, onClose }: { open: boolean; onClose: () => void }) {
  const kept = useSettings()
  return (
    <Dialog open={open} onClose={onClose} title="Settings" actions={<Button onClick={onClose}>Done</Button>}>
      <div className="flex flex-col gap-1">
        <Choice
          label="Theme"
          value={kept.theme}
          options={[
            ['system', 'System'],
            ['light', 'Light'],
            ['dark', 'Dark'],
          ]}
          onChange={theme => change({ theme })}
        />
        <Choice
          label="Contrast"
          value={kept.contrast}
          options={[
            ['normal', 'Normal'],
            ['more', 'High'],
          ]}
          onChange={contrast => change({ contrast })}
        />
        <Choice
          label="Rows"
          value={kept.density}
          options={[
            ['comfortable', 'Comfortable'],
            ['compact', 'Compact'],
          ]}
          onChange={density => change({ density })}
        />
        <Choice
          label="Times"
          value={kept.zone}
          options={[
            ['local', 'Local'],
            ['utc', 'UTC'],
          ]}
          onChange={zone => change({ zone })}
        />
        <Switch
          label="Ages instead of times in lists"
          checked={kept.ages}
          onChange={event => change({ ages: event.target.checked })}
        />
        <Switch
          label="Single letters as shortcuts"
          hint="Press ? for the list. Turn off where speech input or a screen reader types letters."
          checked={kept.letterKeys}
          onChange={event => change({ letterKeys: event.target.checked })}
        />
        <Switch
          label="Notify me when a watched job ends"
          hint={noticeHint()}
          checked={kept.notify}
          onChange={event => notify(event.target.checked)}
        />
        <Switch
          label="With a sound"
          checked={kept.sound}
          onChange={event => {
            change({ sound: event.target.checked })
            if (event.target.checked) chime(true)
          }}
        />
      </div>
      <p className="mt-4 text-xs text-soft">Headway {place.version}</p>
    </Dialog>
  )
}

function noticeHint(): string {
  if (!('Notification' in window))
    return 'This browser shows no notifications on this address (they need https or localhost).'
  return Notification.permission === 'denied'
    ? 'The browser forbids notifications for this address; allow them there.'
    : 'By the browser, also when this tab is hidden.'
}

async function notify(wanted: boolean): Promise<void> {
  change({ notify: wanted })
  if (wanted && 'Notification' in window && Notification.permission === 'default')
    await Notification.requestPermission()
}
