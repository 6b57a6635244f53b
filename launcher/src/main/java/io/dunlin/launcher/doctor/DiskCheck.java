package io.dunlin.launcher.doctor;

import io.dunlin.launcher.report.Readable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/** Checkpoints go to the folder of the runs: it must take them, and quickly. */
final class DiskCheck implements Check {
    private static final int CHUNK_BYTES = 4 << 20;
    private static final int CHUNKS = 16;
    private static final long SLOW_BYTES_PER_SECOND = 50_000_000;
    private static final long LITTLE_BYTES = 1L << 30;

    private final Path runs;

    DiskCheck(Path runs) {
        this.runs = runs.toAbsolutePath().normalize();
    }

    @Override
    public String title() {
        return "Disk";
    }

    @Override
    public Finding look() throws IOException {
        Path folder = runs;
        while (!Files.isDirectory(folder) && folder.getParent() != null) {
            folder = folder.getParent();
        }
        FileStore store = Files.getFileStore(folder);
        String where = "%s on %s, %s free".formatted(runs, store.type(), Readable.bytes(store.getUsableSpace()));
        if (!Files.isWritable(folder)) {
            return new Finding.Fail(where + ", not writable", "set run.dir to a folder that you may write");
        }
        if (store.getUsableSpace() < LITTLE_BYTES) {
            return new Finding.Warn(
                    where, "make room, or set run.dir to a larger disk: a checkpoint has 12 bytes per parameter");
        }
        Speed speed = measure(folder);
        String text = "%s, %s/s written, fsync %s"
                .formatted(where, Readable.bytes(speed.bytesPerSecond()), Readable.time(speed.sync()));
        return speed.bytesPerSecond() < SLOW_BYTES_PER_SECOND
                ? new Finding.Warn(text, "checkpoints will take long: a larger checkpoint.interval costs less")
                : new Finding.Ok(text);
    }

    /** What writing gave, the synchronisation at the end included. */
    private record Speed(long bytesPerSecond, Duration sync) {}

    private static Speed measure(Path folder) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
        while (chunk.hasRemaining()) {
            chunk.putLong(chunk.position() * 0x9E3779B97F4A7C15L);
        }
        Path file = Files.createTempFile(folder, "dunlin-doctor", ".tmp");
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE)) {
            long beginNs = System.nanoTime();
            for (int i = 0; i < CHUNKS; i++) {
                chunk.rewind();
                while (chunk.hasRemaining()) {
                    channel.write(chunk);
                }
            }
            long writtenNs = System.nanoTime();
            channel.force(true);
            long endNs = System.nanoTime();
            return new Speed(
                    (long) ((double) CHUNKS * CHUNK_BYTES * 1e9 / (endNs - beginNs)),
                    Duration.ofNanos(endNs - writtenNs));
        } finally {
            Files.deleteIfExists(file);
        }
    }
}
