/** The time zones that the browser knows, for an input to propose. */
export const ZoneList = ({ id }: { readonly id: string }) => (
  <datalist id={id}>
    {zones().map((zone) => (
      <option key={zone} value={zone} />
    ))}
  </datalist>
)

/** The names do not list UTC. */
const zones = (): readonly string[] => ['UTC', ...Intl.supportedValuesOf('timeZone')]
