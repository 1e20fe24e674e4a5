package inference

// Listing says how a reply lists models.
type Listing struct{}

var namesListing, indexListing, openAIListing, grpcListing = &Listing{}, &Listing{}, &Listing{}, &Listing{}
