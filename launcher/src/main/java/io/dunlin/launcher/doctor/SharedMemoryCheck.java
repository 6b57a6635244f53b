package io.dunlin.launcher.doctor;

import io.dunlin.collectives.transport.AeronProfile;
import io.dunlin.launcher.report.Readable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The streams between the ranks of a host lie in shared memory; containers often have very little of it. */
final class SharedMemoryCheck implements Check {
    private final Path folder;
    private final int ranksHere;
    private final int ranks;

    SharedMemoryCheck(Path folder, int ranksHere, int ranks) {
        this.folder = folder;
        this.ranksHere = ranksHere;
        this.ranks = ranks;
    }

    @Override
    public String title() {
        return "Shared memory";
    }

    @Override
    public Finding look() throws IOException {
        if (ranksHere == 0) {
            return new Finding.Ok("not needed: no rank is on this host");
        }
        if (ranks == 1) {
            return new Finding.Ok("not needed by 1 rank");
        }
        if (!Files.isDirectory(folder) || !Files.isWritable(folder)) {
            return new Finding.Fail(
                    folder + " is no folder that can be written", "set launch.aeron_dir to a folder on a tmpfs");
        }
        long free = Files.getFileStore(folder).getUsableSpace();
        long needed = AeronProfile.STANDARD.sharedMemoryBytes(ranksHere, ranks);
        String text = "%s has %s free, %d ranks need %s"
                .formatted(folder, Readable.memory(free), ranksHere, Readable.memory(needed));
        return free >= needed
                ? new Finding.Ok(text)
                : new Finding.Fail(
                        text,
                        "docker: --shm-size=2g     kubernetes: emptyDir with medium Memory, sizeLimit 2Gi\n"
                                + "or set launch.aeron_dir to a tmpfs with more room");
    }
}
