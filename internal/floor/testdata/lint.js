// What gloves and eyes need of a screen. glove.run gives the faults of what is shown, in every variant that is asked for.
(() => {
  const gloves = { target: 76, primary: 120, gap: 16, text: 17, number: 48, short: { primary: 84, gap: 8 } };
  // The desk is worked without gloves.
  const fingers = { ...gloves, target: 44, gap: 8, text: 16 };
  let rules = gloves;
  const near = 0.75; // of a pixel: sizes are rounded
  const targets = 'button, a[href], input:not(.keeper), select, textarea, [role="button"]';

  const name = (element) => {
    const own = element.dataset ?? {};
    for (const key of ['action', 'row', 'task', 'key']) if (own[key] !== undefined) return `[data-${key}="${own[key]}"]`;
    if ('primary' in own) return '[data-primary]';
    const word = typeof element.className === 'string' && element.className ? '.' + element.className.trim().split(/\s+/).join('.') : '';
    return element.tagName.toLowerCase() + word;
  };
  // The number pad of the shortest devices, which have keys of their own.
  const isShort = (element) => innerHeight < 600 && element.closest('.pad');
  const isShown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !element.closest('.keeper');
  const overlap = (a, b) => Math.min(a.right - b.left, b.right - a.left, a.bottom - b.top, b.bottom - a.top);
  const meet = (a, b) => {
    const r = { left: Math.max(a.left, b.left), top: Math.max(a.top, b.top), right: Math.min(a.right, b.right), bottom: Math.min(a.bottom, b.bottom) };
    return r.right - r.left > 1 && r.bottom - r.top > 1 ? r : null;
  };
  const screen = () => ({ left: 0, top: 0, right: innerWidth, bottom: innerHeight });

  // Texts of a language are fetched once.
  const kept = new Map();
  const known = new Map();
  const words = () => {
    const { lang } = document.documentElement;
    if (!known.has(lang)) known.set(lang, new Set([...kept].filter(([path]) => path.endsWith(lang + '.json')).flatMap(([, texts]) => Object.values(JSON.parse(texts)).join(' ').match(/[\p{L}\u00ad]{3,}/gu) ?? [])));
    return known.get(lang);
  };

  function lint() {
    const isDesk = Boolean(document.querySelector('.desk'));
    rules = isDesk ? fingers : gloves;
    const faults = [];
    const fault = (kind, where, detail) => faults.push({ kind, where, detail });
    const styles = new WeakMap();
    const style = (element) => {
      let value = styles.get(element);
      if (!value) styles.set(element, value = getComputedStyle(element));
      return value;
    };
    // What is left of a rectangle on the screen, behind all that cuts it off or scrolls it away.
    const shown = (element, rect) => {
      let left = meet(rect, screen());
      for (let up = element.parentElement; up && left; up = up.parentElement) {
        if (style(up).overflowX !== 'visible' || style(up).overflowY !== 'visible') left = meet(left, up.getBoundingClientRect());
      }
      return left;
    };

    // What is there for readers of screens only.
    const isHidden = (element) => { for (let up = element; up; up = up.parentElement) if (style(up).clipPath.startsWith('inset(50%')) return true; return false; };

    const root = document.documentElement;
    if (root.scrollWidth > innerWidth) fault('scrolls sideways', 'page', `${root.scrollWidth} of ${innerWidth} px`);
    if (root.scrollHeight > innerHeight && !isDesk && !(innerWidth < 700 && document.querySelector('.board'))) fault('page scrolls', 'page', `${root.scrollHeight} of ${innerHeight} px`);
    for (const element of document.querySelectorAll('body *')) {
      const x = style(element).overflowX;
      if ((x === 'auto' || x === 'scroll' || x === 'hidden') && element.scrollWidth > element.clientWidth + 1 && isShown(element) && !isHidden(element) && !element.closest('.genealogy')) {
        fault('scrolls sideways', name(element), `${element.scrollWidth} of ${element.clientWidth} px`);
      }
    }

    // Targets: large enough, and far enough from each other.
    const all = [...document.querySelectorAll(targets)].filter(isShown).map((element) => ({ element, rect: element.getBoundingClientRect() }));
    for (const { element, rect } of all) {
      if (rect.width < rules.target - near || rect.height < rules.target - near) fault('target too small', name(element), `${Math.round(rect.width)} × ${Math.round(rect.height)} px`);
    }
    const touchable = all.map((one) => ({ ...one, left: shown(one.element, one.rect) })).filter((one) => one.left);
    for (let i = 0; i < touchable.length; i++) {
      for (let j = i + 1; j < touchable.length; j++) {
        const [a, b] = [touchable[i], touchable[j]];
        if (a.element.contains(b.element) || b.element.contains(a.element)) continue;
        const gap = -overlap(a.left, b.left);
        if (gap < (isShort(a.element) ? rules.short.gap : rules.gap) - near) fault('too close', name(a.element) + ' and ' + name(b.element), `${Math.round(gap)} px`);
      }
    }

    // The one action: large, whole on the screen without scrolling, nothing on it, in the thumb's half.
    const primaries = all.filter((one) => 'primary' in one.element.dataset);
    if (primaries.length > 1) fault('more than one primary action', 'page', String(primaries.length));
    for (const { element, rect } of primaries) {
      const least = isShort(element) ? rules.short.primary : rules.primary;
      if (rect.height < least - near) fault('primary action too small', name(element), `${Math.round(rect.height)} px high`);
      const left = shown(element, rect);
      if (!left || left.right - left.left < rect.width - 1 || left.bottom - left.top < rect.height - 1) fault('primary action is not on the screen', name(element), `it ends at ${Math.round(rect.bottom)} of ${innerHeight} px`);
      else if (!element.contains(document.elementFromPoint((rect.left + rect.right) / 2, (rect.top + rect.bottom) / 2))) fault('something lies on the primary action', name(element), '');
      const main = document.querySelector('main').getBoundingClientRect();
      const reach = root.dataset.hand === 'left' ? rect.left - main.left : main.right - rect.right;
      if (reach > 2 * rules.gap || rect.bottom < innerHeight / 2) fault('primary action out of reach', name(element), `${Math.round(reach)} px from the ${root.dataset.hand} edge`);
    }
    // What leads back is not under the thumb: it lies on the other side.
    const bar = document.querySelector('.bar, .pad-display');
    const back = bar?.querySelector('[data-action="back"]');
    if (back && root.dataset.hand) {
      const [b, m] = [back.getBoundingClientRect(), bar.getBoundingClientRect()];
      if ((b.left + b.right < m.left + m.right) !== (root.dataset.hand === 'right')) fault('back is on the side of the thumb', name(back), '');
    }

    // Texts: whole, on nothing else, readable, no word broken.
    const texts = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      if (!node.data.trim() || isHidden(element) || ['SCRIPT', 'STYLE', 'NOSCRIPT'].includes(element.tagName) || !isShown(element)) continue;
      range.selectNodeContents(node);
      const said = node.data.trim().slice(0, 40);
      const size = parseFloat(style(element).fontSize);
      if (size < (element instanceof SVGElement ? 16 : rules.text)) fault('text too small', name(element), `${size} px: ${said}`);
      const box = element.closest(targets) ?? element;
      const target = box === element && !element.matches(targets) ? null : box.getBoundingClientRect();
      for (const line of range.getClientRects()) {
        if (line.width < 1 || line.height < 1) continue;
        // A line is higher than its letters.
        const spare = line.height * 0.2;
        const rect = { left: line.left, right: line.right, top: line.top + spare, bottom: line.bottom - spare };
        if (target && !element.closest('svg') && (rect.left < target.left - near || rect.right > target.right + near || rect.top < target.top - near || rect.bottom > target.bottom + near)) {
          fault('text leaves its target', name(box), said);
        }
        let scrolls = false;
        for (let up = element; up; up = up.parentElement) {
          const { overflowX, overflowY } = style(up);
          if (overflowX === 'visible' && overflowY === 'visible') continue;
          const b = up.getBoundingClientRect();
          const isPicture = up.classList.contains('genealogy');
          if (!isPicture && (rect.left < b.left - near || rect.right > b.right + near)) fault('text is cut off', name(element), said);
          if (!scrolls && (rect.top < b.top - near || rect.bottom > b.bottom + near)) {
            if (overflowY === 'hidden' || overflowY === 'clip') fault('text is cut off', name(element), said);
            else scrolls = true;
          }
          if (isPicture && (rect.left < b.left || rect.right > b.right)) { scrolls = true; break; }
          if (isPicture || overflowY === 'auto' || overflowY === 'scroll') scrolls ||= rect.left < b.left || rect.right > b.right || rect.top < b.top || rect.bottom > b.bottom;
        }
        if (!element.closest('.genealogy') && (rect.left < -near || rect.right > innerWidth + near)) fault('text is cut off', name(element), said);
        if ((rect.bottom > innerHeight || rect.top < 0) && root.scrollHeight > innerHeight) scrolls = true;
        if (!scrolls && !shown(element, rect)) { if (!element.closest('.body, .content, .genealogy')) fault('text is not on the screen', name(element), said); continue; }
        if (!scrolls) texts.push({ node, element, rect, said });
      }
      if (!element.closest('svg, dd, .code')) {
        for (const word of node.data.matchAll(/[\p{L}\u00ad]{3,}/gu)) {
          if ((kept.size && !words().has(word[0])) || word[0].includes('\u00ad')) continue; // a name may be as long as it likes; some words say where they may be parted
          range.setStart(node, word.index);
          range.setEnd(node, word.index + word[0].length);
          const lines = [...range.getClientRects()].filter((one) => one.width > 0);
          if (lines.length > 1 && Math.abs(lines[0].top - lines.at(-1).top) > 4) fault('word is broken', name(element), word[0]);
        }
      }
    }
    for (let i = 0; i < texts.length; i++) {
      const { node, element, rect, said } = texts[i];
      for (let j = i + 1; j < texts.length; j++) {
        if (texts[j].node !== node && overlap(rect, texts[j].rect) > 1) fault('texts overlap', name(element), said + ' / ' + texts[j].said);
      }
      const on = document.elementFromPoint((rect.left + rect.right) / 2, (rect.top + rect.bottom) / 2);
      if (on && !on.contains(element) && !element.contains(on)) fault('text is covered', name(element), said + ' by ' + name(on));
    }
    for (const number of document.querySelectorAll('.big-value b, .pad-value b')) {
      const least = number.textContent.length <= 4 ? rules.number : number.closest('.pad') ? rules.number / 2 : 0.8 * rules.number; // long ones take what room there is
      if (isShown(number) && parseFloat(style(number).fontSize) < least) fault('number too small', name(number), style(number).fontSize);
    }
    return faults;
  }

  const fetched = window.fetch;
  window.fetch = async (resource, options) => {
    const path = new URL(resource instanceof Request ? resource.url : resource, location.href).pathname;
    if (!/\/(en|de|tr)\.json$/.test(path)) return fetched(resource, options);
    if (!kept.has(path)) kept.set(path, await (await fetched(resource, options)).text());
    return new Response(kept.get(path));
  };
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  const speak = async (language) => {
    const { use } = await import(location.pathname.startsWith('/floor') ? '/floor/lib/i18n.js' : '/board/texts.js');
    await use(language, false);
    await settle();
    await settle();
  };
  const wear = (hand, contrast) => Object.assign(document.documentElement.dataset, { hand, contrast });

  window.glove = {
    lint, speak, wear, targets,
    async run({ width, languages, hands, contrasts }) {
      while (width && innerWidth !== width) await new Promise((resolve) => setTimeout(resolve, 5));
      const found = [];
      for (const language of languages) {
        if (languages.length > 1 || document.documentElement.lang !== language) await speak(language);
        for (const hand of hands) {
          for (const contrast of contrasts) {
            wear(hand, contrast);
            for (const one of lint()) found.push({ ...one, language, hand, contrast });
          }
        }
      }
      return found;
    },
  };
  return true;
})()
