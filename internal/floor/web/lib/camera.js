// The camera as a scanner. The reader (a megabyte) is fetched when somebody opens the camera for the first time.
let reader;

async function load() {
  reader ??= (async () => {
    if (!self.ZXingWASM) {
      await new Promise((resolve, reject) => {
        const script = document.createElement('script');
        script.src = new URL('../vendor/zxing-reader.js', import.meta.url);
        script.onload = resolve;
        script.onerror = () => reject(new Error('camera.reader'));
        document.head.append(script);
      });
    }
    await self.ZXingWASM.prepareZXingModule({
      overrides: { locateFile: () => new URL('../vendor/zxing-reader.wasm', import.meta.url).href },
      fireImmediately: true,
    });
    return self.ZXingWASM.readBarcodes;
  })();
  try {
    return await reader;
  } catch (error) {
    reader = undefined;
    throw error;
  }
}

// watch reads from the camera into video until it finds a code or stop is called.
export function watch(video, found, failed) {
  let isStopped = false;
  let stream;
  (async () => {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment', width: { ideal: 1280 } } });
    if (isStopped) return stop();
    video.srcObject = stream;
    await video.play();
    const read = await load();
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d', { willReadFrequently: true });
    while (!isStopped) {
      if (video.videoWidth) {
        canvas.width = video.videoWidth;
        canvas.height = video.videoHeight;
        context.drawImage(video, 0, 0);
        const codes = await read(context.getImageData(0, 0, canvas.width, canvas.height), { tryHarder: true, maxNumberOfSymbols: 1 });
        const code = codes.find((one) => one.isValid);
        if (code && !isStopped) {
          const isGS1 = /^\](C1|d2|Q3|e0)/.test(code.symbologyIdentifier);
          found((isGS1 ? code.symbologyIdentifier : '') + new TextDecoder().decode(code.bytes));
          return stop();
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 80));
    }
  })().catch((error) => { if (!isStopped) failed(error); stop(); });
  function stop() {
    isStopped = true;
    for (const track of stream?.getTracks() ?? []) track.stop();
  }
  return stop;
}
