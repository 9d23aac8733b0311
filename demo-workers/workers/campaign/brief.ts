import { numberField, textField } from '../../contract/json.ts'

/** What the campaign is to be; the seed's input, every field of which may be left out. */
export interface Brief {
  readonly product: string
  readonly account: string
  readonly adSets: number
  readonly adsPerSet: number
  readonly dailyBudget: number
}

/** 50 sets of 100 ads make some 5,000 children; Crew takes 10,000 in one answer. */
const MAX_AD_SETS = 50
const MAX_ADS_PER_SET = 100

/** The brief in a task's input. Two runs under one account share its quota, as they would in life. */
export function parseBrief(input: unknown): Brief {
  return {
    product: textField(input, 'product', 'Alpine Shell Jacket').slice(0, 100),
    account: textField(input, 'account', '4711')
      .replace(/[^A-Za-z0-9_-]/g, '-')
      .slice(0, 40),
    adSets: Math.trunc(numberField(input, 'adSets', { fallback: 3, min: 1, max: MAX_AD_SETS })),
    adsPerSet: Math.trunc(numberField(input, 'adsPerSet', { fallback: 4, min: 1, max: MAX_ADS_PER_SET })),
    dailyBudget: numberField(input, 'dailyBudget', { fallback: 300, min: 1, max: 1_000_000 }),
  }
}
