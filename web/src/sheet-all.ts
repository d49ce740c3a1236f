// The whole of Mantine's rules; the parts that sheet.ts has loaded already are said again, in the same order and layer.
import "@mantine/core/styles.layer.css";
