// SPDX-License-Identifier: EUPL-1.2
import { moment, stageName, t } from '../i18n'
import { Rows, type Row } from './rows'
import type { ReportContents } from '../generated/state'

/** The contents of the error report, item by item. */
export function ReportContents({ contents }: { contents: ReportContents }) {
  const c = t().failed
  return (
    <details class="contents">
      <summary>{c.contents}</summary>
      <Rows class="explained" rows={rows(contents)} />
      <p>{c.contentsNever}</p>
    </details>
  )
}

function rows(r: ReportContents): Row[] {
  const c = t().failed.inside
  const { failure } = r
  const word = failure.statusWord && c.statusWord(failure.statusWord)
  const tries = failure.tries !== undefined && t().prompt.tries(failure.tries)
  const steps = new Set((r.steps ?? []).filter((x) => x.state !== 'skipped').map((x) => stageName(x.name, '')))
  const rows: [name: string, value: (string | false | undefined)[] | undefined, separator?: string][] = [
    [c.created, [moment(r.created)]],
    [c.program, [`${r.program.name} ${r.program.version}`]],
    [c.system, [r.system.os, r.system.arch, r.system.release], ' '],
    [c.drivers, r.drivers?.map((d) => `${d.name} ${d.version}`)],
    [c.readers, r.readers?.map((x) => x.used ? c.used(x.name) : x.card ? c.withCard(x.name) : x.name)],
    [c.card, r.card && [r.card.model, r.card.series?.join(', '), `ATR ${r.card.atr}`]],
    [c.failure, [failure.code, word, tries]],
    [c.steps, [...steps]],
    [c.requests, r.requests?.map((x) => x.id.slice(0, 8) + '…'), ', '],
    [c.transcript, r.transcript && [c.entries(r.transcript.entries)]],
  ]
  return rows.map(([name, value, separator = '; ']) => ({ name, value: value?.filter(Boolean).join(separator) }))
    .filter((x) => x.value)
}
