// SPDX-License-Identifier: EUPL-1.2
import { Fragment } from 'preact'
import { act } from '../api'
import { t } from '../i18n'
import { Button } from '../parts/button'
import { Rows } from '../parts/rows'
import type { Root, Setup } from '../generated/state'

/** The fingerprints of what was entered, to compare with those that the operator published. */
export function SetupCompare({ setup }: { setup: Setup }) {
  const c = t().setup
  return (
    <>
      <p class="lead">{c.compare}</p>
      <Rows rows={[
        { name: c.address, value: setup.service },
        ...rows(c.roots, setup.roots ?? []),
        ...setup.tlsRoots ? rows(c.tlsRoots, setup.tlsRoots) : [{ name: c.tlsRoots, value: c.system }],
      ]} />
      <p>{c.compareHelp}</p>
      <p class="actions">
        <Button onClick={() => act('keep')}>{c.keep}</Button>
        <Button kind="outline-primary" onClick={() => act('correct')}>{c.correct}</Button>
      </p>
    </>
  )
}

function rows(name: string, roots: Root[]) {
  return roots.map((r, i) => ({
    name: roots.length > 1 ? `${name} (${i + 1})` : name,
    value: <>{r.name}<br /><span class="quiet">SHA-256</span> <code>{breakable(r.sha256)}</code></>,
  }))
}

/** A fingerprint that breaks between its pairs. */
function breakable(print: string) {
  return print.split(':').map((pair, i) => <Fragment key={i}>{i > 0 && <>:<wbr /></>}{pair}</Fragment>)
}
