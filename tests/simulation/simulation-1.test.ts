import { describeKnownSeeds, describeSeeds } from './seeds.ts'

describeKnownSeeds()
describeSeeds(0)
