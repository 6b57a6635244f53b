package io.dunlin.launcher.report;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.sun.management.OperatingSystemMXBean;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * The machine and the software around a run.
 *
 * @param host this one
 * @param software in use
 */
public record Surroundings(Host host, Software software) {
    /**
     * A machine.
     *
     * @param memory in bytes
     */
    public record Host(String name, String system, String architecture, int cores, long memory) {
        /** This machine, or as much of it as its container may use. */
        public static Host local() {
            return new Host(
                    hostName(),
                    System.getProperty("os.name") + " " + System.getProperty("os.version"),
                    System.getProperty("os.arch"),
                    Runtime.getRuntime().availableProcessors(),
                    ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class)
                            .getTotalMemorySize());
        }
    }

    /**
     * Versions.
     *
     * @param dunlin version
     * @param commit of the source tree; empty without one
     * @param java version and vendor
     * @param flags that rank processes get
     * @param libraries file names on the class path
     */
    public record Software(
            String dunlin,
            String commit,
            String java,
            @JsonProperty("jvm_flags") List<String> flags,
            List<String> libraries) {}

    /**
     * Looks around.
     *
     * @param options file with the flags of rank processes
     */
    public static Surroundings look(Path options) {
        Version version = Version.current();
        return new Surroundings(
                Host.local(),
                new Software(
                        version.number(),
                        version.commit(),
                        Runtime.version() + " " + System.getProperty("java.vendor"),
                        flags(options),
                        libraries()));
    }

    private static List<String> flags(Path options) {
        try {
            return Files.readAllLines(options).stream()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .toList();
        } catch (IOException none) {
            return List.of();
        }
    }

    private static List<String> libraries() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(entry -> Path.of(entry).getFileName())
                .filter(name -> name != null && name.toString().endsWith(".jar"))
                .map(Path::toString)
                .sorted()
                .toList();
    }

    /** Asked of the system once; a machine without a name is called after its address. */
    public static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (IOException unnamed) {
            return "localhost";
        }
    }
}
