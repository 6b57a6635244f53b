package io.dunlin.collectives.transport;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/** Folders for media drivers of tests, in shared memory where there is some, none twice. */
public final class DriverFolder {
    private final AtomicInteger next = new AtomicInteger();

    /** A path that nothing has used yet. */
    public Path create() {
        Path parent = Files.isDirectory(Path.of("/dev/shm")) ? Path.of("/dev/shm") : Path.of("target");
        return parent.resolve("dunlin-test-%d-%d-%d"
                .formatted(ProcessHandle.current().pid(), System.identityHashCode(this), next.getAndIncrement()));
    }
}
