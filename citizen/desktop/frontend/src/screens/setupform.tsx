// SPDX-License-Identifier: EUPL-1.2
import { useRef, useState } from 'preact/hooks'
import { act } from '../api'
import { explain } from '../failures'
import { t } from '../i18n'
import { Button } from '../parts/button'
import { FileField } from '../parts/filefield'
import { Icon } from '../parts/icon'
import type { Setup } from '../generated/state'

/** The address and the roots of the service as its operator gives them. */
export function SetupForm({ setup }: { setup: Setup }) {
  const c = t().setup
  const address = useRef<HTMLInputElement>(null)
  const roots = useRef<HTMLInputElement>(null)
  const tlsRoots = useRef<HTMLInputElement>(null)
  const [missing, setMissing] = useState('')

  const check = async () => {
    const service = address.current!.value.trim()
    if (!service || !roots.current!.files?.length) {
      setMissing(service ? c.noRoots : c.noAddress)
      ;(service ? roots : address).current!.focus()
      return
    }
    setMissing('')
    const fields = { service, ca: await text(roots.current!), tlsCa: await text(tlsRoots.current!) }
    if (!await act('service', fields)) setMissing(c.tooLong)
  }
  const wrong = setup.problem ? explain(setup.problem).what : ''
  const error = missing || wrong
  return (
    <>
      <p class="lead">{c.missing}</p>
      <p>{c.download}</p>
      <h2>{c.enter}</h2>
      <p>{c.ask}</p>
      <div class="field">
        <label for="service">{c.address}</label>
        <input
          ref={address} id="service" class="text" type="url" inputMode="url" autocomplete="off" autocapitalize="off"
          spellcheck={false} placeholder="https://" defaultValue={setup.service ?? ''} aria-describedby="setup-error"
        />
      </div>
      <FileField id="roots" input={roots} name={c.roots} help={c.rootsHelp} describedBy="setup-error" />
      <FileField id="tls-roots" input={tlsRoots} name={c.tlsRoots} help={c.tlsRootsHelp} />
      <p class="field-error" id="setup-error" role="alert">
        {error && <><Icon name="error" /><span>{error}</span></>}
      </p>
      <p class="actions"><Button onClick={check}>{c.check}</Button></p>
    </>
  )
}

/** The text of the file that was chosen, '' for none. */
async function text(input: HTMLInputElement): Promise<string> {
  const file = input.files?.[0]
  return file ? await file.text() : ''
}
