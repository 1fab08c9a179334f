// SPDX-License-Identifier: EUPL-1.2
import { useRef, useState } from 'preact/hooks'
import { saveDiagnosis } from '../api'
import { explainCode } from '../failures'
import { t } from '../i18n'
import type { Diagnosis } from '../generated/state'
import { Button } from './button'

/** The diagnosis as a text, to be read, copied, printed, or saved for the assistance. */
export function KeepDiagnosis({ diagnosis }: { diagnosis: Diagnosis }) {
  const c = t().diagnosis
  const text = useRef<HTMLPreElement>(null)
  const shown = useRef<HTMLDetailsElement>(null)
  const [done, setDone] = useState('')
  const [failed, setFailed] = useState('')
  const says = (well: string, wrong = '') => { setDone(well); setFailed(wrong) }
  const copy = async () => { says(await copied(diagnosis.text, text.current!, shown.current!) ? c.copied : '', '') }
  const save = async (sealed: boolean) => {
    const r = await saveDiagnosis(sealed).catch(() => undefined)
    if (r?.path) says(t().failed.saved(r.path))
    else says('', r?.code ? explainCode(r.code).what : t().lost.text)
  }
  return (
    <section class="keep" aria-labelledby="keep">
      <h2 id="keep">{c.keep}</h2>
      <p>{c.keepText}</p>
      <details ref={shown}><summary>{c.preview}</summary><pre ref={text}>{diagnosis.text}</pre></details>
      <p class="actions">
        <Button kind="outline-primary" onClick={copy}>{c.copy}</Button>
        <Button kind="outline-primary" onClick={() => { shown.current!.open = true; print() }}>{c.print}</Button>
        <Button kind="outline-primary" onClick={() => save(false)}>{c.save}</Button>
        {diagnosis.canSeal && <Button kind="outline-primary" onClick={() => save(true)}>{c.seal}</Button>}
      </p>
      {diagnosis.canSeal && <p class="quiet">{c.sealed}</p>}
      <div role="status">{done && <p class="notice-line">{done}</p>}</div>
      {failed && <p class="field-error" role="alert">{failed}</p>}
    </section>
  )
}

/** Copies a text. A web view without a clipboard of its own copies what is selected. */
async function copied(text: string, at: HTMLElement, shown: HTMLDetailsElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    shown.open = true
    getSelection()?.selectAllChildren(at)
    return document.execCommand('copy')
  }
}
