package io.dunlin.model;

import io.dunlin.device.Device;
import io.dunlin.device.HostAccess;
import io.dunlin.device.Stream;
import io.dunlin.nn.Trained;
import java.util.List;

/**
 * Where the weights of a model are: all of them here for good ({@link WholeWeights}), or here when they are needed.
 *
 * <p>Passes say which unit they are about to use and which they are done with. A store that exchanges weights with other
 * ranks needs all of them to run the same passes; a rank that has nothing to compute accompanies the others ({@link
 * Pass#accompany()}).
 */
public interface WeightStore {
    /** Stands for the unit that will be entered next, where nobody knows it. */
    int NOT_KNOWN = -1;

    /** Makes the store of a model, and with it all its memory. */
    @FunctionalInterface
    interface Factory {
        /** A store whose weights are zero. */
        WeightStore open(Needs needs);
    }

    /**
     * What a store is for.
     *
     * @param device that holds the weights
     * @param stream that computes with them
     * @param host reads and writes them
     * @param precision of the weights that kernels read
     * @param units of the model; the store places their parameters
     */
    record Needs(Device device, Stream stream, HostAccess host, Precision precision, List<Unit> units) {
        /** Copies the list. */
        public Needs {
            units = List.copyOf(units);
        }
    }

    /** What this rank updates: all parameters, or slices of them; their values make up the model. */
    List<? extends Trained> owned();

    /**
     * The work submitted from here on uses the weights of a unit.
     *
     * @param unit number of the unit
     * @param next the unit that will be entered after it; {@link #NOT_KNOWN} if nobody knows
     */
    void enter(int unit, int next);

    /** The work submitted so far is the last to use the weights of a unit, until it is entered again. */
    void leave(int unit);

    /** Nanoseconds that {@link #enter} has waited for other ranks since the store was made. */
    long waitedNs();

    /** The values of {@link #owned()} and their copies have been updated together, on every rank. */
    void updated();

    /** The values of {@link #owned()} have been written, on every rank: their copies follow. */
    void loaded();
}
