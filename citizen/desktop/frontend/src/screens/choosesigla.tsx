// SPDX-License-Identifier: EUPL-1.2
import type { ComponentChildren } from 'preact'
import { t } from '../i18n'
import { CardFront } from '../parts/cardfront'

/** Figure 10 where the sigla changes nothing: where it is printed, and what the chip tells of it. */
export function Sigla({ series }: { series: string[] }) {
  const c = t().card
  return (
    <Figure sigla={series.length === 1 ? series[0]! : ''}>
      {series.length === 1 ? <p>{c.siglaOne(series[0]!)}</p> : <p>{c.siglaAny(series.join(', '))}</p>}
    </Figure>
  )
}

/** Figure 10 with the question for the sigla, where the campaign takes some of the chip's and not others. */
export function ChooseSigla({ series, sigla, onChoose }: {
  series: string[]; sigla: string; onChoose: (sigla: string) => void
}) {
  const c = t().card
  return (
    <Figure sigla={sigla}>
      <fieldset class="sigle">
        <legend>{c.siglaMany}</legend>
        {[...series, ''].map((x) => (
          <label key={x}>
            <input type="radio" name="sigla" value={x} checked={x === sigla} onChange={() => { onChoose(x) }} />
            <span>{x || c.siglaUnknown}</span>
          </label>
        ))}
      </fieldset>
    </Figure>
  )
}

function Figure({ sigla, children }: { sigla: string; children: ComponentChildren }) {
  const c = t().card
  return (
    <div class="side">
      <div class="figure"><CardFront sigla={sigla} /></div>
      <div>
        <h2>{c.sigla}</h2>
        <p class="quiet">{c.siglaText}</p>
        {children}
      </div>
    </div>
  )
}
