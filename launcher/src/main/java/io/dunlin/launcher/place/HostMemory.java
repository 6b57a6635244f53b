package io.dunlin.launcher.place;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** The memory of this host. */
public final class HostMemory {
    private HostMemory() {}

    /** What the kernel could give without swapping, within the limit of the container. */
    public static long availableBytes() {
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        long limit = system.getTotalMemorySize();
        try {
            return Files.readAllLines(Path.of("/proc/meminfo")).stream()
                    .filter(line -> line.startsWith("MemAvailable:"))
                    .map(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .findFirst()
                    .map(bytes -> Math.min(bytes, limit))
                    .orElse(system.getFreeMemorySize());
        } catch (IOException notLinux) {
            return system.getFreeMemorySize();
        }
    }
}
