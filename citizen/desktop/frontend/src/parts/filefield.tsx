// SPDX-License-Identifier: EUPL-1.2
import type { RefObject } from 'preact'
import { useState } from 'preact/hooks'
import { t } from '../i18n'

interface Props {
  id: string
  input: RefObject<HTMLInputElement | null>
  name: string
  help: string
  /** Ids of what else describes the field. */
  describedBy?: string
}

/** A field for a PEM file. Its button speaks the page's language: a browser's own speaks the browser's. */
export function FileField({ id, input, name, help, describedBy = '' }: Props) {
  const c = t().file
  const [chosen, setChosen] = useState('')
  return (
    <div class="field">
      <span class="field-name" id={`${id}-name`}>{name}</span>
      <input
        ref={input} id={id} class="visually-hidden" type="file" accept=".pem,.crt,.cer,.txt"
        aria-labelledby={`${id}-name ${id}-button`} aria-describedby={`${id}-chosen ${id}-help ${describedBy}`.trim()}
        onChange={() => { setChosen(input.current?.files?.[0]?.name ?? '') }}
      />
      <label class="btn btn-outline-primary" id={`${id}-button`} for={id}>{c.choose}</label>
      <span class="field-file" id={`${id}-chosen`}>{chosen || c.none}</span>
      <p class="quiet" id={`${id}-help`}>{help}</p>
    </div>
  )
}
