// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import { CardFront } from '../parts/cardfront'

/** Figure 10: the sigla printed on the card, one of those that the chip can have. */
export function ChooseSigla({ series, sigla, onChoose }: {
  series: string[]; sigla: string; onChoose: (sigla: string) => void
}) {
  const c = t().card
  return (
    <div class="side">
      <div class="figure"><CardFront sigla={sigla} /></div>
      <div>
        <h2>{c.sigla}</h2>
        <p class="quiet">{c.siglaText}</p>
        {series.length === 1 ? <p>{c.siglaOne(series[0]!)}</p> : (
          <fieldset class="sigle">
            <legend>{c.siglaMany}</legend>
            {[...series, ''].map((x) => (
              <label key={x}>
                <input type="radio" name="sigla" value={x} checked={x === sigla} onChange={() => { onChoose(x) }} />
                <span>{x || c.siglaUnknown}</span>
              </label>
            ))}
          </fieldset>
        )}
      </div>
    </div>
  )
}
