import { type Signing, UNSIGNED } from '../core/signature.ts'
import {
  faultOfSecret,
  type KeptSecret,
  maskSecret,
  readSigningSecret,
  type SealedSecret,
  type SecretKeeper,
  SIGNING_SECRET_ALLOWED,
  spellingsOfSecret,
} from '../core/signing-secret.ts'
import { missingSecret } from '../core/worker-headers.ts'
import { SecretBox, type SecretBoxOptions } from './secret-box.ts'
import { createSigner, publicKeyOf } from './signer.ts'

export interface SigningKeysOptions extends SecretBoxOptions {
  /** By name: `CREW_SECRET_X` is `X`. */
  readonly secrets: ReadonlyMap<string, string>
}

/** What one stored secret comes to on this server. */
type Opened = { readonly text: string } | { readonly problem: string }

/** Keeps signing secrets, and signs by them. Whoever signs often keeps what `signingOf` answered: it imports the keys. */
export class SigningKeys implements SecretKeeper {
  readonly #box: SecretBox
  readonly #secrets: ReadonlyMap<string, string>

  constructor({ secrets, ...keys }: SigningKeysOptions) {
    this.#box = new SecretBox(keys)
    this.#secrets = secrets
  }

  get canSeal(): boolean {
    return this.#box.canSeal
  }

  faultOf(text: string): string | null {
    return faultOfSecret(text, { secretOf: (name) => this.#secrets.get(name), publicKeyOf })
  }

  seal(text: string): SealedSecret {
    return { kind: 'sealed', shown: maskSecret(text), ...this.#box.seal(text) }
  }

  renew(kept: KeptSecret): KeptSecret {
    if (kept.kind === 'named' || !this.canSeal || this.#box.isPresent(kept)) return kept
    const text = this.#box.open(kept)
    return text === null ? kept : this.seal(text)
  }

  /** What signs by these. One that is missing here keeps all from signing: a receiver may know that one alone. */
  signingOf(kept: readonly KeptSecret[]): Signing {
    return kept.length === 0 ? UNSIGNED : this.#signingBy(kept.map((one) => this.#open(one)))
  }

  /** What signs by these texts. */
  signingOfTexts(texts: readonly string[]): Signing {
    return texts.length === 0 ? UNSIGNED : this.#signingBy(texts.map((text) => ({ text })))
  }

  #signingBy(opened: readonly Opened[]): Signing {
    const texts = opened.flatMap((one) => ('text' in one ? [one.text] : []))
    const problems = opened.flatMap((one) => ('text' in one ? (this.faultOf(one.text) ?? []) : one.problem))
    const secrets = texts.flatMap(spellingsOfSecret)
    const [problem = null] = problems
    if (problem !== null) return { signers: [], secrets, problem: `signingSecret: ${problem}` }
    const signers = texts.flatMap((text) => readSigningSecret(text) ?? []).map(createSigner)
    return { signers, secrets, problem }
  }

  #open(kept: KeptSecret): Opened {
    if (kept.kind === 'sealed') {
      const text = this.#box.open(kept)
      return text === null ? { problem: unreadable(kept) } : { text }
    }
    const text = this.#secrets.get(kept.name)
    if (text === undefined) return { problem: missingSecret(kept.name) }
    return readSigningSecret(text)
      ? { text }
      : { problem: `CREW_SECRET_${kept.name}: expected ${SIGNING_SECRET_ALLOWED}` }
  }
}

const unreadable = ({ shown, keyId }: SealedSecret): string =>
  `${shown} was encrypted with the key ${keyId}, which this server does not have: set CREW_SECRET_KEY or CREW_SECRET_KEY_OLD ` +
  'to that key, or set the secret again'
