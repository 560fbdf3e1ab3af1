const poolBytes = 8192;
const pooledUpTo = 64;

/**
 * Random bytes out of a pool: one call of the system's generator for hundreds of ids. Each byte is handed out once and
 * erased from the pool with it.
 */
export function pooledRandom(fill: (bytes: Uint8Array) => Uint8Array): (bytes: Uint8Array) => Uint8Array {
  const pool = new Uint8Array(poolBytes);
  let at = poolBytes;
  return (bytes) => {
    if (bytes.length > pooledUpTo) return fill(bytes);
    if (at + bytes.length > poolBytes) {
      fill(pool);
      at = 0;
    }
    const end = at + bytes.length;
    bytes.set(pool.subarray(at, end));
    pool.fill(0, at, end);
    at = end;
    return bytes;
  };
}
