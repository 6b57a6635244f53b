package io.dunlin.collectives.quant;

import io.dunlin.tensor.DType;

/** Neighbouring elements of a tensor in memory; set anew for each use, so that the step path allocates nothing. */
final class Run {
    long address;
    DType dtype = DType.F32;
    long elements;
    /** Place of the first one in the tensor: where its random numbers and its carried error are. */
    long firstElement;
    /** Which sequence of random numbers. */
    long lane;

    Run at(long newAddress, DType newDtype) {
        this.address = newAddress;
        this.dtype = newDtype;
        return this;
    }

    Run of(long newFirstElement, long newElements) {
        this.firstElement = newFirstElement;
        this.elements = newElements;
        return this;
    }

    Run drawnFrom(long newLane) {
        this.lane = newLane;
        return this;
    }
}
