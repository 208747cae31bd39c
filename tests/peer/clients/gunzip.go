// What Go's net/http makes of a gzip answer is what this makes of its standard input.
package main

import (
	"compress/gzip"
	"io"
	"log"
	"os"
)

func main() {
	reader, err := gzip.NewReader(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(os.Stdout, reader); err != nil {
		log.Fatal(err)
	}
}
