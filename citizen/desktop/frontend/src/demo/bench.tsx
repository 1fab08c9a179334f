// SPDX-License-Identifier: EUPL-1.2
import { useLayoutEffect, useRef } from 'preact/hooks'
import { act } from '../api'
import { t } from '../i18n'
import { Button } from '../parts/button'
import type { Demo } from '../generated/state'
import { BenchSelect } from './benchselect'

/** The bench's settings. They outlive the bench, which moves into the dialog. */
export interface Setting { series: string; fault: string; open: boolean }

interface Props { demo: Demo; setting: Setting; onChange: (setting: Setting) => void }

/** The demonstration's bench. It stands in the open dialog, since a page behind a modal dialog is inert. */
export function Bench({ demo, setting, onChange }: Props) {
  const c = t().demo
  const summary = useRef<HTMLElement>(null)
  const series = setting.series || (demo.series[0] ?? '')
  const { fault } = setting
  const does = (action: string, text: string, disabled = false) => (
    <Button
      id={`bench-${action}`} kind="outline-primary" disabled={disabled}
      onClick={() => act('demo', { action, series, fault })}
    >{text}</Button>
  )
  // A button that its own press disabled gives the focus to the bench's title.
  useLayoutEffect(() => {
    const focused = document.activeElement
    const stuck = focused instanceof HTMLButtonElement && focused.disabled && focused.closest('.bench')
    if (stuck) summary.current?.focus({ preventScroll: true })
  })
  return (
    <section class="bench" aria-labelledby="bench-title">
      <details open={setting.open} onToggle={(e) => { onChange({ ...setting, open: e.currentTarget.open }) }}>
        <summary id="bench-title" ref={summary}>{`${c.title} · ${c.mark}`}</summary>
        <p class="quiet">{c.codes(demo.pin, demo.puk)}</p>
        <div class="bench-row outside">
          <BenchSelect
            id="bench-series" label={c.series} value={series} options={demo.series.map((s) => [s, s])}
            onChange={(v) => { onChange({ ...setting, series: v }) }}
          />
          <BenchSelect
            id="bench-fault" label={c.fault} value={fault}
            options={demo.faults.map((f) => [f, c.faults[f] ?? f])}
            onChange={(v) => { onChange({ ...setting, fault: v }) }}
          />
        </div>
        <div class="bench-row">
          <span class="outside">{does('insert', c.insert)}</span>
          {does('remove', c.remove, !demo.in[0])}
          {does('back', c.back, demo.in[0] || !demo.slots[0])}
          {demo.down ? does('up', c.up) : does('down', c.down)}
        </div>
        <div class="bench-row outside">
          {does('insert-second', c.second)}
          {does('remove-second', c.removeSecond, !demo.in[1])}
          {demo.shut ? does('reopen', c.reopen) : does('shut', c.shut)}
          {demo.twice ? does('once', c.once) : does('twice', c.twice)}
          {demo.readers ? does('readers-off', c.readersOff) : does('readers-on', c.readersOn)}
          {demo.pcsc ? does('pcsc-off', c.pcscOff) : does('pcsc-on', c.pcscOn)}
        </div>
      </details>
    </section>
  )
}
