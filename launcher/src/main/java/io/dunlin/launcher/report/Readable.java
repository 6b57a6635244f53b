package io.dunlin.launcher.report;

import java.time.Duration;
import java.util.Locale;

/** Numbers as people read them. */
public final class Readable {
    private static final String[] UNITS = {"", "k", "M", "G", "T", "P"};

    private Readable() {}

    /** {@code 1,536}. */
    public static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** Three digits and a unit: {@code 0.80 M}, {@code 124 M}, {@code 12 k}, {@code 7}. */
    public static String about(double number) {
        if (number < 1000) {
            return String.format(Locale.ROOT, number < 10 && number != Math.rint(number) ? "%.1f" : "%.0f", number);
        }
        return scaled(number, 1000);
    }

    /** {@code 6.4 MB}; powers of 1000. */
    public static String bytes(long bytes) {
        return bytes < 1000 ? bytes + " B" : scaled(bytes, 1000) + "B";
    }

    /** {@code 64 MiB}; powers of 1024, for memory. */
    public static String memory(long bytes) {
        return bytes < 1024 ? bytes + " B" : scaled(bytes, 1024) + "iB";
    }

    private static String scaled(double number, double base) {
        int unit = 0;
        double left = number;
        // 999.5 would be shown as 1000.
        while (left >= (base == 1000 ? 999.5 : 1023.5) && unit < UNITS.length - 1) {
            left /= base;
            unit++;
        }
        String digits = left >= 99.95 ? "%.0f" : left >= 9.995 ? "%.1f" : "%.2f";
        return String.format(Locale.ROOT, digits, left) + " " + UNITS[unit];
    }

    /** {@code 0:31}, {@code 12:05} or {@code 1:02:03}. */
    public static String clock(Duration time) {
        long seconds = Math.round(time.toNanos() / 1e9);
        return seconds < 3600
                ? String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }

    /** {@code 31 ms}, {@code 2.4 s}, {@code 95 s} or {@code 20 min}. */
    public static String time(Duration time) {
        double seconds = time.toNanos() / 1e9;
        if (seconds < 0.9995) {
            return String.format(Locale.ROOT, "%.0f ms", seconds * 1000);
        }
        if (seconds < 180) {
            return String.format(Locale.ROOT, seconds < 9.95 ? "%.1f s" : "%.0f s", seconds);
        }
        return String.format(Locale.ROOT, "%.0f min", seconds / 60);
    }
}
