/** The product's sign: a thread that rises from one point to another. */
export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" style={{ flex: "none" }}>
      <rect width="32" height="32" rx="8" fill="#4a55c8" />
      <path
        d="M7 21.5h5.2c2.6 0 3.1-1.6 3.8-5.5s1.2-5.5 3.8-5.5H25"
        fill="none"
        stroke="#fff"
        strokeWidth="2.6"
        strokeLinecap="round"
      />
      <circle cx="7.5" cy="21.5" r="2.7" fill="#fff" />
      <circle cx="24.5" cy="10.5" r="2.7" fill="#fff" />
    </svg>
  );
}
