import { watch } from '../lib/camera.js';
import { t } from '../lib/i18n.js';
import { html, Screen, useEffect, useRef, useState } from '../lib/ui.js';

export function Camera({ onBack, onCode }) {
  const video = useRef();
  const [failure, setFailure] = useState('');
  useEffect(() => watch(video.current, onCode, () => setFailure(t('camera.failed'))), []);
  return html`<${Screen} name="camera" title=${t('camera')} onBack=${onBack}>
    ${failure ? html`<p class="note wait">${failure}</p>` : html`<p class="note">${t('camera.hold')}</p>`}
    <video class="viewfinder" ref=${video} muted playsinline></video>
  </${Screen}>`;
}
