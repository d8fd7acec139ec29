/** A text area for JSON that also takes a file: chosen, or dropped onto it. A file that is refused changes nothing. */

import { FileUp } from 'lucide-react'
import { type ChangeEvent, type ComponentProps, type DragEvent, useRef, useState } from 'react'
import { Button } from '../../kit/button.tsx'
import { TextArea } from '../../kit/field.tsx'
import { readJsonFile } from './jsonfile.ts'

interface JsonAreaProps extends Omit<ComponentProps<'textarea'>, 'onChange' | 'value'> {
  /** Whose value it is, for those who hear the button alone. */
  name: string
  value: string
  /** `x-headway-format` of the schema, or "". */
  format?: string
  onType: (text: string) => void
}

export function JsonArea({ name, format = '', value, onType, ...wiring }: JsonAreaProps) {
  const input = useRef<HTMLInputElement>(null)
  const [said, setSaid] = useState<{ text: string; value?: string; isWrong: boolean }>()
  const [isOver, setOver] = useState(false)

  async function take(files: readonly File[]): Promise<void> {
    const [file] = files
    if (!file) return
    try {
      if (files.length > 1) throw new Error('Take one file: this is one argument.')
      const text = await readJsonFile(file, format)
      onType(text)
      setSaid({ text: `From ${file.name}.`, value: text, isWrong: false })
    } catch (error) {
      setSaid({ text: error instanceof Error ? error.message : String(error), isWrong: true })
    }
  }
  function chosen({ target }: ChangeEvent<HTMLInputElement>): void {
    void take([...(target.files ?? [])])
    target.value = '' // the same file again is another choice
  }
  function over(event: DragEvent): void {
    if (!event.dataTransfer.types.includes('Files')) return
    event.preventDefault()
    setOver(true)
  }
  function dropped(event: DragEvent): void {
    setOver(false)
    if (!event.dataTransfer.files.length) return
    event.preventDefault()
    void take([...event.dataTransfer.files])
  }
  const isStanding = said && (said.isWrong || said.value === value)
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a shortcut of the button inside
    <div
      onDragOver={over}
      onDragLeave={() => setOver(false)}
      onDrop={dropped}
      className={`flex flex-col gap-1.5 rounded-md ${isOver ? 'outline-2 outline-offset-2 outline-accent' : ''}`}
    >
      <TextArea
        {...wiring}
        value={value}
        onChange={event => {
          setSaid(undefined)
          onType(event.target.value)
        }}
      />
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Button
          small
          icon={FileUp}
          aria-label={`Load from file… for ${name}`}
          onClick={() => input.current?.click()}
        >
          Load from file…
        </Button>
        <span className="text-xs text-soft">{isOver ? 'Drop it here' : 'or drop a .json file'}</span>
        <input
          ref={input}
          type="file"
          accept=".json,application/json"
          aria-label={`File for ${name}`}
          tabIndex={-1}
          className="hidden"
          onChange={chosen}
        />
        <p
          role="status"
          className={`basis-full text-xs wrap-anywhere empty:hidden ${said?.isWrong ? 'text-failed' : 'text-soft'}`}
        >
          {isStanding && said.text}
        </p>
      </div>
    </div>
  )
}
