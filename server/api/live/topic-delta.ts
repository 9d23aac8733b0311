import type { Member, Note } from './topics.ts'

/** Ids told in one frame. A page shows fewer rows than that; whoever needs more reads its list again. */
const MAX_IDS = 200

/** What changed under one topic since it was told last, each member once. */
export class TopicDelta {
  private readonly topic: string
  private readonly members = new Map<Member, Set<string>>()
  private isListChanged = false
  private isPartial = false
  private size = 0

  constructor(topic: string) {
    this.topic = topic
  }

  add({ member, id, comesOrGoes }: Note): void {
    this.isListChanged ||= comesOrGoes
    const ids = this.members.get(member) ?? new Set()
    if (ids.has(id)) return
    if (this.size >= MAX_IDS) this.isPartial = true
    else {
      this.members.set(member, ids.add(id))
      this.size++
    }
  }

  toJson(): string {
    const members = Object.fromEntries([...this.members].map(([member, ids]) => [member, [...ids]]))
    return JSON.stringify({
      topic: this.topic,
      ...members,
      ...(this.isListChanged && { isListChanged: true }),
      ...(this.isPartial && { isPartial: true }),
    })
  }
}

/** Adds what is noted to the delta of its topic, when that is followed. */
export function noteIn(deltas: Map<string, TopicDelta>, followed: ReadonlySet<string>, notes: readonly Note[]): void {
  for (const note of notes) {
    if (!followed.has(note.topic)) continue
    const delta = deltas.get(note.topic) ?? new TopicDelta(note.topic)
    deltas.set(note.topic, delta)
    delta.add(note)
  }
}
