// SPDX-License-Identifier: EUPL-1.2
import { useEffect, useState } from 'preact/hooks'
import { guide } from '../api'
import { t } from '../i18n'
import { Panel } from '../parts/panel'
import { Title } from '../parts/title'

/** The guide, from the program itself: it needs no network. */
export function GuidePage() {
  const c = t().guide
  const [html, setHtml] = useState('')
  const [lost, setLost] = useState(false)
  useEffect(() => { guide().then(setHtml, () => { setLost(true) }) }, [])
  return (
    <Panel>
      <Title>{c.title}</Title>
      {c.italian && <p>{c.italian}</p>}
      {!html && <p role="status">{lost ? t().lost.text : c.wait}</p>}
      {html && <div class="guide" lang="it" onClick={follow} dangerouslySetInnerHTML={{ __html: html }} />}
    </Panel>
  )
}

/** A link of the guide leads to a place in it. The address names the page, so that the link must not change it. */
function follow(e: MouseEvent): void {
  const link = (e.target as Element).closest('a')
  const place = link && document.getElementById(link.hash.slice(1))
  if (!place) return
  e.preventDefault()
  place.tabIndex = -1
  place.focus({ preventScroll: true })
  place.scrollIntoView()
}
