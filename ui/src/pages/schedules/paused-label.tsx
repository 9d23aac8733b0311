/** That a schedule creates nothing. */
export const PausedLabel = () => (
  <span data-state-of="paused" className="state font-semibold whitespace-nowrap">
    <span aria-hidden="true">‖</span> paused
  </span>
)
