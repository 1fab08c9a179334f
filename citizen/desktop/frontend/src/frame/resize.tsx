// SPDX-License-Identifier: EUPL-1.2
import { useLayoutEffect, useRef } from 'preact/hooks'
import { t } from '../i18n'

interface Props<Size> { size: Size; sizes: readonly Size[]; onChange: (size: Size) => void }

/** Smaller and larger text. At the end of the sizes the focus goes to the button that can still be pressed. */
export function Resize<Size>({ size, sizes, onChange }: Props<Size>) {
  const c = t().tools
  const smaller = useRef<HTMLButtonElement>(null)
  const larger = useRef<HTMLButtonElement>(null)
  const at = sizes.indexOf(size)
  const step = (n: number) => () => { onChange(sizes[Math.min(sizes.length - 1, Math.max(0, at + n))]!) }
  const first = at === 0
  const last = at === sizes.length - 1
  useLayoutEffect(() => {
    if (first && document.activeElement === smaller.current) larger.current?.focus()
    if (last && document.activeElement === larger.current) smaller.current?.focus()
  }, [first, last])
  return (
    <>
      <button
        ref={smaller} type="button" id="smaller" class="btn btn-link" aria-label={c.smaller} disabled={first}
        onClick={step(-1)}
      >A−</button>
      <button
        ref={larger} type="button" id="larger" class="btn btn-link" aria-label={c.larger} disabled={last}
        onClick={step(1)}
      >A+</button>
    </>
  )
}
