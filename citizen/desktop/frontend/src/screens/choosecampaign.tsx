// SPDX-License-Identifier: EUPL-1.2
import type { RefObject } from 'preact'
import { day, t } from '../i18n'
import type { Summary as Card } from '../generated/state'

interface Props {
  fieldset: RefObject<HTMLFieldSetElement | null>
  campaigns: NonNullable<Card['campaigns']>
  missing: boolean
  onChoose: (id: string) => void
}

/** Several campaigns accept the certificate: the person chooses, the program never guesses. */
export function ChooseCampaign({ fieldset, campaigns, missing, onChoose }: Props) {
  const c = t().card
  return (
    <fieldset ref={fieldset} class="sigle campaigns" aria-describedby="campaign-error">
      <legend>{c.campaigns}</legend>
      {campaigns.map((x) => (
        <label key={x.id}>
          <input type="radio" name="campaign" value={x.id} onChange={() => { onChoose(x.id) }} />
          <span>{c.campaign(x.title, x.newNotAfter ? c.until(day(x.newNotAfter)) : c.nextYear)}</span>
        </label>
      ))}
      <p class="field-error" id="campaign-error" role="alert">{missing ? c.campaignMissing : ''}</p>
    </fieldset>
  )
}
