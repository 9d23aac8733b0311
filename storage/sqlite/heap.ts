/** A binary heap: the least element first. */
export class Heap<Element> {
  readonly #elements: Element[] = []
  readonly #isLess: (a: Element, b: Element) => boolean

  constructor(isLess: (a: Element, b: Element) => boolean) {
    this.#isLess = isLess
  }

  get size(): number {
    return this.#elements.length
  }

  peek(): Element | undefined {
    return this.#elements[0]
  }

  push(element: Element): void {
    const elements = this.#elements
    let at = elements.length
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = elements[above] as Element
      if (!this.#isLess(element, parent)) break
      elements[at] = parent
      at = above
    }
    elements[at] = element
  }

  pop(): Element | undefined {
    const elements = this.#elements
    const least = elements[0]
    const last = elements.pop()
    if (elements.length > 0) this.#sink(last as Element)
    return least
  }

  #sink(element: Element): void {
    const elements = this.#elements
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= elements.length) break
      if (child + 1 < elements.length && this.#isLess(elements[child + 1] as Element, elements[child] as Element))
        child++
      if (!this.#isLess(elements[child] as Element, element)) break
      elements[at] = elements[child] as Element
      at = child
    }
    elements[at] = element
  }
}
