package io.dunlin.launcher.doctor;

import io.dunlin.launcher.report.Readable;
import io.dunlin.launcher.report.Surroundings;

/** Names the machine; ranks compute on x86-64 Linux with the fast kernels, elsewhere with those in Java. */
final class HostCheck implements Check {
    private final Surroundings.Host host = Surroundings.Host.local();

    @Override
    public String title() {
        return "Host";
    }

    @Override
    public Finding look() {
        return new Finding.Ok("%s (%s %s, %d %s, %s)"
                .formatted(
                        host.name(),
                        host.system(),
                        host.architecture(),
                        host.cores(),
                        host.cores() == 1 ? "core" : "cores",
                        Readable.memory(host.memory())));
    }
}
