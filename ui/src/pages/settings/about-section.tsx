import { config } from '../../api/config.ts'
import { FactList, Section } from '../../kit/section.tsx'

/** Which Crew it is, and where its API is described. */
export const AboutSection = () => (
  <Section title="About">
    <FactList
      facts={[
        ['Version', config.version],
        ['Login', logins[config.auth]],
        ['API', <Doc key="d" path="docs" text="try it in the browser" />],
        ['OpenAPI', <Doc key="o" path="openapi.json" text="openapi.json" />],
        ['Metrics', <Doc key="m" path="metrics" text="metrics for Prometheus" />],
      ]}
    />
  </Section>
)

const logins = {
  on: 'required',
  off: 'off: whoever reaches this address may do everything',
  application: 'by the application that Crew runs in',
} as const

/** The server answers these, not the router of the page. */
const Doc = ({ path, text }: { readonly path: string; readonly text: string }) => (
  <a href={new URL(path, document.baseURI).href} className="text-accent underline">
    {text}
  </a>
)
