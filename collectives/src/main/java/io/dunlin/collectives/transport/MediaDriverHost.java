package io.dunlin.collectives.transport;

import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.driver.status.SystemCounterDescriptor;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one Aeron media driver of a host, inside the node agent: one thread, which rests when nothing moves.
 *
 * <p>Inside a host the driver carries no data; it opens and closes streams, opens the window of senders, and notices ranks
 * that have stopped.
 */
public final class MediaDriverHost implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MediaDriverHost.class);
    private static final long SPINS = 20;
    private static final long YIELDS = 20;
    private static final long SHORTEST_PARK_NS = 1_000;
    private static final long LONGEST_PARK_NS = 500_000;
    private static final long LINGER_NS = 500_000_000;
    private static final double LARGEST_SHARE_OF_ROOM = 0.9;

    private final Path directory;
    private final MediaDriver driver;

    private MediaDriverHost(Path directory, MediaDriver driver) {
        this.directory = directory;
        this.driver = driver;
    }

    /**
     * Starts a driver. Nothing is tried a second way: what is wrong is said.
     *
     * @throws MachineException {@code DUN-402} if there is not enough room for all streams, {@code DUN-406} if the folder
     *     exists already, in use or left over, or cannot be made
     */
    public static MediaDriverHost start(MediaDriverSettings settings) {
        Path directory = settings.directory().toAbsolutePath();
        checkFree(directory);
        checkRoom(directory, settings);
        try {
            return new MediaDriverHost(directory, MediaDriver.launch(context(directory, settings)));
        } catch (RuntimeException e) {
            AeronDirectory.delete(directory);
            throw MachineException.badDirectory(
                    directory, String.valueOf(e.getMessage()), "set launch.aeron_dir to another folder", e);
        }
    }

    private static void checkFree(Path directory) {
        if (Files.notExists(directory)) {
            return;
        }
        if (AeronDirectory.served(directory)) {
            throw MachineException.badDirectory(
                    directory,
                    "the media driver of process %d serves it".formatted(AeronDirectory.driverProcess(directory)),
                    "two runs need two folders: give this one another name or launch.aeron_dir",
                    null);
        }
        throw MachineException.badDirectory(
                directory, "it exists, left over from an earlier run", "rm -r " + directory, null);
    }

    private static void checkRoom(Path directory, MediaDriverSettings settings) {
        Path existing = directory;
        while (existing.getParent() != null && Files.notExists(existing)) {
            existing = existing.getParent();
        }
        if (!Files.isDirectory(existing) || !Files.isWritable(existing)) {
            throw MachineException.badDirectory(
                    directory, existing + " is not a folder one may write to", "set launch.aeron_dir", null);
        }
        try {
            FileStore store = Files.getFileStore(existing);
            long needed = settings.profile().sharedMemoryBytes(settings.ranksHere(), settings.ranks());
            if (needed > store.getUsableSpace() * LARGEST_SHARE_OF_ROOM) {
                throw MachineException.noRoom(
                        existing, needed, store.getUsableSpace(), store.getTotalSpace(), settings.ranksHere());
            }
        } catch (IOException e) {
            throw MachineException.badDirectory(directory, String.valueOf(e.getMessage()), "set launch.aeron_dir", e);
        }
    }

    private static MediaDriver.Context context(Path directory, MediaDriverSettings settings) {
        AeronProfile profile = settings.profile();
        UdpPath path = UdpPath.of("127.0.0.1:0");
        MediaDriver.Context context = new MediaDriver.Context();
        if (settings.datagramLoss() != MediaDriverSettings.NO_LOSS) {
            new LostDatagrams(settings.datagramLoss()).in(context);
        }
        return context.aeronDirectoryName(directory.toString())
                .dirDeleteOnShutdown(true)
                .warnIfDirectoryExists(false)
                .threadingMode(ThreadingMode.SHARED)
                .sharedIdleStrategy(new BackoffIdleStrategy(SPINS, YIELDS, SHORTEST_PARK_NS, LONGEST_PARK_NS))
                .termBufferSparseFile(false)
                .performStorageChecks(true)
                .counterValuesBufferLength(AeronProfile.countersBytes(settings.ranksHere(), settings.ranks()))
                .ipcTermBufferLength(profile.termBytes())
                .publicationTermBufferLength(profile.termBytes())
                .ipcMtuLength(profile.frameBytes())
                .initialWindowLength(path.windowBytes(profile.termBytes()))
                .socketRcvbufLength(path.socketBytes())
                .socketSndbufLength(path.socketBytes())
                .timerIntervalNs(AeronProfile.TIMER_INTERVAL.toNanos())
                .clientLivenessTimeoutNs(profile.clientLiveness().toNanos())
                .publicationUnblockTimeoutNs(
                        profile.clientLiveness().multipliedBy(2).toNanos())
                .imageLivenessTimeoutNs(profile.peerLiveness().toNanos())
                .publicationConnectionTimeoutNs(profile.peerLiveness().toNanos())
                .statusMessageTimeoutNs(AeronProfile.TIMER_INTERVAL.toNanos())
                .publicationLingerTimeoutNs(LINGER_NS)
                .driverTimeoutMs(profile.driverLiveness().toMillis())
                .errorHandler(error -> LOG.warn("media driver: {}", error.toString()));
    }

    /** Where ranks find the driver. */
    public Path directory() {
        return directory;
    }

    /** How often receivers on this host have asked for datagrams again that had not come. */
    public long repeatsAsked() {
        return driver.context()
                .systemCounters()
                .get(SystemCounterDescriptor.NAK_MESSAGES_SENT)
                .get();
    }

    /** Stops the driver, which ends all streams, and deletes the folder. */
    @Override
    public void close() {
        driver.close();
    }
}
