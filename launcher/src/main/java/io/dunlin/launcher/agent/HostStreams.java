package io.dunlin.launcher.agent;

import io.dunlin.collectives.transport.AeronProfile;
import io.dunlin.collectives.transport.MediaDriverHost;
import io.dunlin.collectives.transport.MediaDriverSettings;
import io.dunlin.launcher.place.SharedFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** What a host holds for the streams of a run: a folder in shared memory, and the media driver in it. */
final class HostStreams implements AutoCloseable {
    private final SharedFolder folder;
    private final MediaDriverHost driver;

    private HostStreams(SharedFolder folder, MediaDriverHost driver) {
        this.folder = folder;
        this.driver = driver;
    }

    /**
     * Clears what dead runs have left, then makes folder and driver.
     *
     * @param parent in shared memory
     * @param name of the folder, like no other's
     * @param ranksHere on this host
     * @param ranks in the world
     * @throws io.dunlin.error.DunlinException if there is no room, or no folder can be made
     */
    static HostStreams open(Path parent, String name, int ranksHere, int ranks) {
        try {
            SharedFolder.sweep(parent);
            SharedFolder folder = SharedFolder.create(parent, name);
            try {
                return new HostStreams(
                        folder,
                        MediaDriverHost.start(
                                new MediaDriverSettings(folder.aeronDir(), ranksHere, ranks, AeronProfile.STANDARD)));
            } catch (RuntimeException e) {
                folder.close();
                throw e;
            }
        } catch (IOException | UncheckedIOException e) {
            throw LaunchException.sharedFolder(parent, e);
        }
    }

    /** Where ranks find the driver. */
    String aeronDir() {
        return driver.directory().toString();
    }

    @Override
    public void close() {
        try {
            driver.close();
        } finally {
            folder.close();
        }
    }
}
