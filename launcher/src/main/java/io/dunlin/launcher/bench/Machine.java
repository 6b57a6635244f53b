package io.dunlin.launcher.bench;

import io.dunlin.launcher.report.Version;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * Where figures come from.
 *
 * @param date of the measurement, UTC
 * @param dunlin version
 * @param java version and vendor
 * @param cpu model, or the architecture where the system does not tell
 * @param cores that this process may use
 */
public record Machine(String date, String dunlin, String java, String cpu, int cores) {
    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

    /** This one, now. */
    static Machine local(Clock clock) {
        return new Machine(
                Instant.now(clock).truncatedTo(ChronoUnit.SECONDS).toString(),
                Version.current().number(),
                Runtime.version() + " " + System.getProperty("java.vendor"),
                cpuModel(),
                Runtime.getRuntime().availableProcessors());
    }

    private static String cpuModel() {
        try {
            return Files.readAllLines(CPU_INFO).stream()
                    .filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(System.getProperty("os.arch"));
        } catch (IOException notLinux) {
            return System.getProperty("os.arch");
        }
    }
}
