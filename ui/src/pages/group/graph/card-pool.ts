import { degreeOf } from '../../../lib/adjacency.ts'
import { childrenOf, countOf } from '../../../lib/format.ts'
import { GLYPHS } from '../../../lib/states.ts'
import { stateAt } from '../../../lib/task-graph.ts'
import { type Camera, seenColumns, seenTasks } from './camera.ts'
import { idOf, leftOf, nameOf, type Scene, topOf, workerOf } from './scene.ts'

interface Card {
  readonly element: HTMLButtonElement
  readonly name: HTMLElement
  readonly state: HTMLElement
  readonly worker: HTMLElement
  task: number
}

/** Far from the corner of the layer its pixels would be too coarse for a browser's numbers. */
const MAX_OFFSET = 20_000
/** A screen so large that it shows more is read at a larger zoom. */
const MAX_CARDS = 600

/**
 * The tasks that are seen, as buttons. They are few however many tasks there are: what leaves the screen is used again for what comes.
 * The chosen one stays, wherever it is, and the focus with it.
 */
export class CardPool {
  private readonly cards = new Map<number, Card>()
  private readonly spare: Card[] = []
  private readonly layer: HTMLElement
  private scene: Scene | null = null
  private states: Uint8Array = new Uint8Array()
  private origin = { x: 0, y: 0 }

  constructor(layer: HTMLElement) {
    this.layer = layer
  }

  /** Another scene: the cards of tasks that are in both stay, and with them the focus. */
  show(scene: Scene): void {
    const before = this.scene
    const old = [...this.cards.values()]
    this.scene = scene
    this.cards.clear()
    for (const card of old) {
      const task = before === null ? undefined : scene.find(idOf(before, card.task))
      if (task === undefined) this.putAway(card)
      else {
        this.cards.set(task, card)
        this.fill(card, task)
        this.place(card)
      }
    }
  }

  colour(states: Uint8Array): void {
    this.states = states
    for (const card of this.cards.values()) this.fillState(card)
  }

  /** Shows the cards that the camera sees, or none. */
  update(camera: Camera, isShown: boolean, chosen: number | null): void {
    const { scene, layer } = this
    if (scene === null) return
    const seen = isShown ? this.seen(scene, camera, chosen) : new Set<number>()
    for (const [task, card] of this.cards)
      if (!seen.has(task)) {
        this.cards.delete(task)
        this.putAway(card)
      }
    this.moveOrigin(camera)
    for (const task of seen) if (!this.cards.has(task)) this.add(task)
    const x = camera.left + this.origin.x * camera.scale.x
    const y = camera.top + this.origin.y * camera.scale.y
    layer.style.transform = `translate(${x}px, ${y}px) scale(${camera.scale.x})`
    this.markChosen(chosen)
  }

  focus(task: number): void {
    this.cards.get(task)?.element.focus({ preventScroll: true })
  }

  taskOf(target: EventTarget | null): number | null {
    const element = target instanceof Element ? target.closest('button') : null
    for (const card of this.cards.values()) if (card.element === element) return card.task
    return null
  }

  /** What is read aloud follows the graph: by column, from top to bottom. Not while it moves. */
  sort(): void {
    const { scene } = this
    if (scene === null) return
    const cards = [...this.cards.values()].sort(
      (a, b) => leftOf(scene, a.task) - leftOf(scene, b.task) || topOf(scene, a.task) - topOf(scene, b.task),
    )
    const focused = cards.findIndex(({ element }) => element === document.activeElement)
    // To move the focused one would blur it: the others are moved around it.
    const anchor = cards[focused]?.element ?? null
    for (const [i, { element }] of cards.entries()) {
      if (i < focused) this.layer.insertBefore(element, anchor)
      else if (i > focused) this.layer.append(element)
    }
  }

  private seen(scene: Scene, camera: Camera, chosen: number | null): Set<number> {
    const seen = new Set<number>(chosen === null ? [] : [chosen])
    const [first, end] = seenColumns(scene, camera)
    for (let column = first; column < end; column++)
      for (const task of seenTasks(scene, camera, column)) if (seen.size < MAX_CARDS) seen.add(task)
    return seen
  }

  private moveOrigin({ left, top, scale }: Camera): void {
    const [x, y] = [-left / scale.x, -top / scale.y]
    if (Math.abs(x - this.origin.x) < MAX_OFFSET && Math.abs(y - this.origin.y) < MAX_OFFSET) return
    this.origin = { x, y }
    for (const card of this.cards.values()) this.place(card)
  }

  private add(task: number): void {
    const card = this.spare.pop() ?? makeCard()
    this.cards.set(task, card)
    this.fill(card, task)
    this.place(card)
    this.layer.append(card.element)
  }

  private putAway(card: Card): void {
    card.element.remove()
    this.spare.push(card)
  }

  private place({ element, task }: Card): void {
    if (this.scene === null) return
    const [x, y] = [leftOf(this.scene, task) - this.origin.x, topOf(this.scene, task) - this.origin.y]
    element.style.transform = `translate(${x}px, ${y}px)`
  }

  private fill(card: Card, task: number): void {
    const { scene } = this
    if (scene === null) return
    card.task = task
    card.name.textContent = nameOf(scene, task)
    card.worker.textContent = workerOf(scene, task)
    card.element.dataset.ghost = String(scene.ghosts?.[task] === 1)
    this.fillState(card)
  }

  private fillState({ element, state, task }: Card): void {
    const { scene } = this
    if (scene === null) return
    const word = stateAt(this.states, scene.nodes[task] ?? 0)
    const { parents, children } = scene.links
    element.dataset.stateOf = word
    state.textContent = `${GLYPHS[word]} ${word}`
    const family = `${countOf(degreeOf(parents, task), 'parent')}, ${childrenOf(degreeOf(children, task))}`
    // In the order of what is seen, so that who speaks to the page can say that.
    element.setAttribute('aria-label', `${nameOf(scene, task)} ${word} ${workerOf(scene, task)}, ${family}`)
  }

  /** One of them is reached by Tab: the chosen one, or else the first. */
  private markChosen(chosen: number | null): void {
    let isFirst = true
    for (const { element, task } of this.cards.values()) {
      element.ariaCurrent = task === chosen ? 'true' : null
      element.tabIndex = (chosen === null ? isFirst : task === chosen) ? 0 : -1
      isFirst = false
    }
  }
}

function makeCard(): Card {
  const element = document.createElement('button')
  element.type = 'button'
  element.className = 'graph-card'
  const [name, line, state, worker] = ['b', 'span', 'span', 'span'].map((tag) => document.createElement(tag))
  if (!name || !line || !state || !worker) throw new Error('A card has four parts.')
  name.dir = 'auto'
  state.className = 'state'
  line.append(state, ' ', worker)
  element.append(name, line)
  return { element, name, state, worker, task: -1 }
}
