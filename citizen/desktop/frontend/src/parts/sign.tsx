// SPDX-License-Identifier: EUPL-1.2

/** The program's own sign: a card that comes round again. */
export function Sign() {
  return (
    <svg class="sign" viewBox="0 0 64 64" aria-hidden="true" focusable="false">
      <rect x="10" y="20" width="44" height="29" rx="5" class="s-card" />
      <rect x="16" y="28" width="11" height="9" rx="2" class="s-chip" />
      <path d="M20 14a16 9 0 0 1 26 1M48 8l-1 9-9-2z" class="s-arrow" />
      <path d="M37 37l5 5 8-10" class="s-check" />
    </svg>
  )
}
