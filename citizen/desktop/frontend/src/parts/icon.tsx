// SPDX-License-Identifier: EUPL-1.2
const paths = {
  'ok': 'M4 12.5l5 5L20 6.5',
  'warning': 'M12 3L2 21h20L12 3zM12 10v5M12 18v.5',
  'error': 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zM8 8l8 8M16 8l-8 8',
  'eye': 'M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  'eye-off': 'M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM4 4l16 16',
  'close': 'M5 5l14 14M19 5L5 19',
  'info': 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zM12 11v6M12 7v.5',
  'keypad': 'M4 5h16v14H4zM8 9h.5M12 9h.5M16 9h.5M8 13h.5M12 13h.5M16 13h.5M9 16.5h6',
  'erase': 'M9 5h12v14H9l-7-7 7-7zM12 9l6 6M18 9l-6 6',
}

/** A drawing without a name of its own: the text beside it names it. */
export function Icon({ name }: { name: keyof typeof paths }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path
        d={paths[name]} fill="none" stroke="currentColor"
        stroke-width="2" stroke-linecap="round" stroke-linejoin="round"
      />
    </svg>
  )
}
