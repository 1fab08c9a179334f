// SPDX-License-Identifier: EUPL-1.2

/** A reader, with or without a card before it. */
export function ReaderDrawing({ card }: { card: boolean }) {
  return (
    <svg class="drawing" viewBox="0 0 320 150" aria-hidden="true" focusable="false">
      <rect x="150" y="44" width="140" height="78" rx="12" class="d-reader" />
      <rect x="150" y="74" width="12" height="18" class="d-slot" />
      <circle cx="268" cy="62" r="5" class="d-lamp" />
      <path d="M290 84q20 0 20 26v30" class="d-cable" />
      {card && (
        <g class="d-moving">
          <rect x="22" y="50" width="112" height="66" rx="8" class="d-card" />
          <rect x="22" y="50" width="112" height="13" rx="7" class="d-band" />
          <rect x="100" y="74" width="22" height="18" rx="4" class="d-chip" />
          <rect x="34" y="76" width="50" height="6" rx="3" class="d-line" />
          <rect x="34" y="90" width="38" height="6" rx="3" class="d-line" />
        </g>
      )}
    </svg>
  )
}
