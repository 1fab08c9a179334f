// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { t } from '../i18n'
import { Button } from '../parts/button'
import { CardFront } from '../parts/cardfront'
import type { Prompt } from '../generated/state'
import { Body } from './body'

/** The question for the sigla, where the paths of the chip's series differ. */
export function AskSeries({ prompt }: { prompt: Prompt }) {
  const answer = (series: string) => act(`answer?prompt=${prompt.id}`, { answer: series })
  return (
    <Body title={t().prompt.seriesTitle}>
      <div class="figure"><CardFront sigla="" /></div>
      <p>{t().card.siglaText}</p>
      <ul class="choices" role="list">
        {(prompt.options ?? []).map((x) => (
          <li key={x}><Button kind="outline-primary" onClick={() => answer(x)}>{x}</Button></li>
        ))}
      </ul>
      <div class="actions"><Button kind="link" onClick={() => act(`back?prompt=${prompt.id}`)}>{t().T11}</Button></div>
    </Body>
  )
}
